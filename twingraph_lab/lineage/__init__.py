"""Where every value came from: the graph of runs, executions and artifacts, recorded from the event stream."""
