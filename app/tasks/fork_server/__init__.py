"""Forks the processes of scans from one that has loaded everything: a start costs next to nothing then (ADR 0058).

the supervisor's process                 │   the fork server's process        │   a process of its own
                                         │                                    │
starter ─▶ client ───── protocol ────────┼──▶ main ─── fork ──────────────────┼──▶ shown_process, then the module
   │          ▲                          │                                    │           │
   │          └── exit, by a descriptor ─┼────────────────────────────────────┼───────────┤
   └─▶ forked_process ─── pipes ─────────┼────────────────────────────────────┼───────────┘
"""
