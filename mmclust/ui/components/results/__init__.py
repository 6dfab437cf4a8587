"""What a run stands on: its data as read, its verdict without labels, and what earned its result."""
