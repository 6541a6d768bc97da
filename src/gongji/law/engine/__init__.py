"""One visit online: facts as text -> program -> kernel -> result. Imports nothing heavy."""
