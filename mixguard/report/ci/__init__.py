"""What pipelines read: SARIF, JUnit, Markdown, workflow annotations."""
