"""How institutions are paid: runs, deductions, transfers, the bank."""
