"""Tables, migrations, journal and ledger. Keeps what it is told; decides nothing."""
