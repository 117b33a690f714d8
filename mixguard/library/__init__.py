"""The files people edit, read and validated: taxonomies, refusal banks, risk profiles, allow files."""
