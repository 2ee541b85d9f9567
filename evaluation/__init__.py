"""
Text and code in; scores, findings and a verdict out. No torch: it is handed a generator.

Two programs share this folder, and what follows says which files are whose. One judges code, for `check`, `baseline`,
`guide` and answers of a model:

    request run standard notes          what is asked; one run; what it is held to; what it did not ask
    diff learning tallies accepted      what changed, and the profile that is learned
    findings judgements syntax names/   what departs, what does not parse, which names do not exist
    identity baseline suppression       what is accepted or excused
    fix unused conform language_check   what is mended, and the best of several answers
    formats/                            what is printed

The other one evaluates models, for `evaluate`, `specialize`, `gate` and training that looks at probes:

    evaluate task parts folds size      all of it, top to bottom; who is asked how many probes
    probes arms retrieval ask samples   what is asked, and the answers on disk
    endpoint watch                      a rival behind a server; a model while it trains
    extract fences scores checks/       what an answer is, and whether it is accepted
    checkout formatter sandbox/         the repository's own code and tools, and where code is run
    measure general curve memory        losses, further adapters, and what answers repeat
    tables losses slices insecure       rows as numbers
    statistics distributions figures    intervals, and how numbers are written
    policy weigh integrity cost         from rows to evidence
    verdict gate                        a word, its reasons, and whether an adapter may ship
    record latency report/              what is written of it
"""
