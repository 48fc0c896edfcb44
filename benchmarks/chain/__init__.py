"""Files from `embed` to `verify`: verdicts, what is kept, memory, threads, hostile input."""
