"""What people edit: hazards and exemplars, refusal banks, risk profiles, allow files; read and checked here."""
