"""What changed between two audits, of one corpus or of two: findings, hazards and rows."""
