# Plain cargo works for everything; these are the longer ones.

# What must hold before a change lands.
check:
    bash .ci/run

# The tests whose name holds WORD.
test WORD='':
    cargo test {{WORD}}

# A whole phone call on this machine, without any key.
demo SEED='1':
    cargo run -- demo --seed {{SEED}}

# The benches.
bench:
    cargo bench

# Licences and advisories of the dependencies.
deny:
    cargo deny --config .deny.toml check

# Spelling.
typos:
    typos --config .typos.toml
