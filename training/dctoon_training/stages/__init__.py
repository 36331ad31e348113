"""The commands: each registers its options and calls the packages beside this one."""
