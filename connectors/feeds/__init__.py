"""The feeds connector: asks feeds politely, parses them, appends entries to the log."""
