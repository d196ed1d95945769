"""Sweeps of Backflow's own trainer over a grid of settings, by Ray Tune: ``python -m backflow_recorder.sweep --help``. See docs/sweeps.md."""
