"""Room 3, pure: what should be done, and why. No clock, no I/O, no logging; `now` is an argument."""
