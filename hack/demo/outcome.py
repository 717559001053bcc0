"""The demo's last line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What was rolled back, with the figures of the judged window and of the version put back."""

    bad: str
    good: str
    r2: tuple[float, float]
    rmse: tuple[float, float]
    samples: int
    label_to_patch_ms: float

    def __str__(self) -> str:
        """Say it in one line, for people and for scripts."""
        return (
            f"demo: OK rolled back {self.bad} -> {self.good}, "
            f"R2 {self.r2[0]:.3f} -> {self.r2[1]:.3f}, RMSE {self.rmse[0]:.1f} -> {self.rmse[1]:.1f}, "
            f"{self.samples} samples, label to patch {self.label_to_patch_ms:.0f} ms"
        )
