"""The network that reads whole runs of digits: the runs it learns from, its make, and its training."""
