"""The command line: one thin module per command, one output sink, one place that maps errors."""
