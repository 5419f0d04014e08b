"""What is done with each thing that Slack sends, by topic. Each listener reads, hands over and acknowledges."""
