using BenchmarkDotNet.Running;

// bench/Micro --filter '*' runs all; --job short is quick and rough.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
