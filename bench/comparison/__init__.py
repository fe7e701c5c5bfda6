"""Compares gateways on one machine: same load, same upstream, same Redis, same run.

cli        reads the arguments and runs the parts below in order
plan       what is measured: peers, rounds, seconds, keys, and the bars
workload   API keys, limits and the answer that every peer serves
stage      the temporary folder, the upstream and the Redis that all peers share
peers/     one file for each thing measured, all behind `Peer`
load       wrk, and what it reports
rounds     the alternating rounds
checks     that every peer answers as it should before anything is measured, and did the work afterwards
processes  starting, ending and accounting processes by pid
redis      a small client and a private server
figures    medians, ratios and bars
report     the table, the Markdown and the JSON
"""
