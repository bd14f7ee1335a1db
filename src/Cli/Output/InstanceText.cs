using System.Text.Json;
using Mortise.Host.Composition;

namespace Mortise.Cli.Output;

/// <summary>What the open instances of plugins hold and take, for people and for programs.</summary>
internal static class InstanceText
{
    /// <summary>A line for each.</summary>
    public static void Write(IReadOnlyList<InstanceUse> instances, OutputWriter output)
    {
        foreach (InstanceUse use in instances)
        {
            output.Line(
                $"instance {use.Instance,-28} {Words.OneWord(use.State.ToString()),-8} {use.Plugin}, opened in "
                + $"{use.OpenTime.TotalMilliseconds:0} ms, {Words.Size(use.MemoryBytes)} granted, {use.Files} files, "
                + $"{use.Timers} timers, {use.Works} works, {Words.Count(use.Steps)} steps in "
                + $"{use.StepTime.TotalMilliseconds:0} ms, {Words.Count(use.Calls)} calls in "
                + $"{use.CallTime.TotalMilliseconds:0} ms, {use.Faults} faults");
        }
    }

    /// <summary>An array <c>instances</c> in an object.</summary>
    public static void Write(IReadOnlyList<InstanceUse> instances, Utf8JsonWriter json)
    {
        json.WriteStartArray("instances");
        foreach (InstanceUse use in instances)
        {
            json.WriteStartObject();
            json.WriteString("name", use.Instance);
            json.WriteString("plugin", use.Plugin.ToString());
            json.WriteString("state", Words.OneWord(use.State.ToString()));
            json.WriteNumber("openMilliseconds", (long)use.OpenTime.TotalMilliseconds);
            json.WriteNumber("memoryBytes", use.MemoryBytes);
            json.WriteNumber("files", use.Files);
            json.WriteNumber("timers", use.Timers);
            json.WriteNumber("works", use.Works);
            json.WriteNumber("steps", use.Steps);
            json.WriteNumber("stepMilliseconds", (long)use.StepTime.TotalMilliseconds);
            json.WriteNumber("calls", use.Calls);
            json.WriteNumber("callMilliseconds", (long)use.CallTime.TotalMilliseconds);
            json.WriteNumber("faults", use.Faults);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
