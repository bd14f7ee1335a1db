using Mortise.Cli;

return await MortiseTool.RunAsync(args, ToolConsole.OfProcess()).ConfigureAwait(false);
