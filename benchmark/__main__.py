"""``python -m benchmark``. The guard matters: spawned workers import this module, too."""

if __name__ == "__main__":
    from benchmark.cli.main import main

    raise SystemExit(main())
