"""Reports for pipelines: SARIF, JUnit, Markdown, workflow annotations."""
