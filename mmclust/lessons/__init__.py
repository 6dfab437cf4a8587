"""Five guided lessons on finished runs that ship with the repository; every number is read from these runs."""
