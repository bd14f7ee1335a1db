using System.CommandLine;
using Microsoft.Extensions.Logging;
using Mortise.Cli.Output;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Nostr;
using Mortise.Relay;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise serve</c>: a Nostr relay over the store.</summary>
internal static partial class ServeCommand
{
    private const string DefaultUrl = "http://127.0.0.1:7777";

    private const UnixFileMode AnyExecute =
        UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    // Beside the store's own files, which it does not look like.
    private const string ManagedFile = "managed.json";

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        Option<string[]> urls = CreateUrls();
        var command = new Command(
            "serve", "Serves the store as a Nostr relay until it is interrupted. Without a stack file, with a relay's "
                + "rules.")
        {
            urls,
        };
        command.SetAction((arguments, cancellation) => RunAsync(
            context, arguments, context.Options.Data(arguments), arguments.GetValue(urls)!, cancellation));
        return command;
    }

    /// <summary>Makes the option that says where to listen.</summary>
    public static Option<string[]> CreateUrls() => new("--urls")
    {
        Description = "Where to listen; port 0 takes a free one. May be repeated.",
        HelpName = "URL",
        DefaultValueFactory = static _ => [DefaultUrl],
    };

    /// <summary>Serves a directory until the command is interrupted.</summary>
    public static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, string data, string[] urls, CancellationToken cancellation)
    {
        foreach (string url in urls)
        {
            if (!Uri.TryCreate(url.Replace('*', 'x'), UriKind.Absolute, out Uri? parsed) || parsed.Scheme != "http"
                || parsed.PathAndQuery != "/")
            {
                throw new BadInputException(
                    $"--urls: '{url}' is not of the form {DefaultUrl}; for TLS put a proxy in front");
            }
        }

        await using StoreSession session =
            await StoreSession.OpenForRelayAsync(context, arguments, data, cancellation).ConfigureAwait(false);
        using ILoggerFactory logs = LoggerFactory.Create(b => Log(b, context));
        RelayOptions options = StoreSession.Relay(session.Composed);
        if (options.Admission.Program is { Length: > 0 } program && !CanStart(program))
        {
            throw new BadInputException(
                $"relay.admission.program: there is no program '{program}' that may be started here; it would refuse every "
                + "event");
        }

        if (options.Management.File.Length == 0)
        {
            options.Management.File = Path.Combine(data, ManagedFile);
        }

        await using var relay = new NostrRelay(session.Store, session.Policy, options, logs: logs);
        await using PluginWatch? reload = StartReload(session, context);
        await using RetentionSchedule? retention = StartRetention(session, context, logs);
        await using RelayServer server = await RelayServer
            .StartAsync(relay, urls, session.Composed, b => Log(b, context), cancellation)
            .ConfigureAwait(false);
        using (var output = new OutputWriter(context.Console.Output))
        {
            foreach (string url in server.Urls)
            {
                output.Line($"relay      {url.Replace("http://", "ws://", StringComparison.Ordinal)}");
                output.Line($"dashboard  {url}/");
            }
        }

        await WaitAsync(cancellation).ConfigureAwait(false);
        await context.Console.Error.WriteLineAsync("stopping: answering what came in").ConfigureAwait(false);
        await server.StopAsync().ConfigureAwait(false);
        if (retention is not null)
        {
            await retention.DisposeAsync().ConfigureAwait(false);
        }

        await session.Store.CheckpointAsync(CancellationToken.None).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    /// <summary>Whether a program is where a process is looked for: at its path, or on the path of commands.</summary>
    private static bool CanStart(string program)
    {
        string[] folders =
            [Environment.CurrentDirectory, .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)];
        return folders.Any(folder => Path.Combine(folder, program) is var path
            && File.Exists(path)
            && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & AnyExecute) != 0));
    }

    /// <summary>Where the stack lets plugins be exchanged, new files in their folders are taken while the store
    /// serves.</summary>
    private static PluginWatch? StartReload(StoreSession session, CommandContext context)
    {
        var reload = new PluginReload(session.Host, session.Composed, session.Store.Engine);
        TextWriter error = context.Console.Error;
        return !reload.IsWanted ? null : reload.Watch(
            report =>
            {
                foreach (PluginSwap swap in report.Swapped)
                {
                    error.WriteLine(
                        $"{swap.Instance}: {swap.To} took the place of {swap.From}, built from "
                        + $"{Words.Count(swap.Records)} records in {swap.Duration.TotalSeconds:0.0} s");
                }

                foreach (Problem problem in report.Problems)
                {
                    error.WriteLine(problem);
                }

                foreach (PluginUnload unload in report.Unloads)
                {
                    error.WriteLine(unload);
                    if (unload.Explain() is { } culprit)
                    {
                        error.WriteLine($"    {culprit}");
                    }
                }
            },
            e => error.WriteLine($"plugins were not exchanged: {e.Message}"));
    }

    private static RetentionSchedule? StartRetention(StoreSession session, CommandContext context, ILoggerFactory logs)
    {
        RetentionSection? section = StoreSession.Retention(session.Composed);
        if (section is null || section.Interval == TimeSpan.Zero || !section.ToPolicy().DropsAnything)
        {
            return null;
        }

        ILogger log = logs.CreateLogger("retention");
        return new RetentionSchedule(
            session.Store,
            section.ToPolicy(),
            section.Interval,
            context.Time,
            report => Dropped(log, report.Events, (long)report.Duration.TotalMilliseconds),
            cause => DropFailed(log, cause));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "dropped {Events} events that were too old in "
        + "{Milliseconds} ms")]
    private static partial void Dropped(ILogger log, long events, long milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "what is too old could not be dropped and will be tried again")]
    private static partial void DropFailed(ILogger log, Exception cause);

    private static async Task WaitAsync(CancellationToken cancellation)
    {
        var interrupted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = cancellation.Register(interrupted.SetResult);
        await interrupted.Task.ConfigureAwait(false);
    }

    private static void Log(ILoggingBuilder logging, CommandContext context)
    {
        logging.SetMinimumLevel(LogLevel.Warning);

        // What keeps the server from starting is said once, as the reason for which the command ends.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);

        // One line for each connection that finds no place is a line for each that a stranger opens.
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Error);
        logging.AddProvider(new ConsoleLogs(context.Console.Error));
    }
}
