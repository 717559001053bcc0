"""docs/reference.md, made from the source, so that it cannot tell anything else."""
