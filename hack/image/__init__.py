"""Images: the operator's, with Docker or with buildah, and the few that `make e2e` needs beside it."""
