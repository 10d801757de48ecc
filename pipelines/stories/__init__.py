"""Items about one happening become a story; a story and a rule become an alert. Pure."""
