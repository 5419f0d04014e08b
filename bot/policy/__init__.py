"""The company's own facts and rules, kept apart from what licences say."""
