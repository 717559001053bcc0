"""The command line: one small file for each group of verbs; a verb imports what it needs when it runs."""
