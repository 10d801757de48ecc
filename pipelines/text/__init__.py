"""Text as the rules and entities read it. Pure."""
