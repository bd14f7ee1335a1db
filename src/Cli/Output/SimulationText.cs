using System.Text.Json;
using Mortise.Simulation;

namespace Mortise.Cli.Output;

/// <summary>Writes a failed simulation.</summary>
internal static class SimulationText
{
    /// <summary>Writes its seed, message and script as properties of the object that is open.</summary>
    public static void WriteTo(this SimulationFailure failure, Utf8JsonWriter json)
    {
        json.WriteNumber("seed", failure.Seed);
        json.WriteString("message", failure.Message);
        json.WriteStartArray("script");
        foreach (SimStep step in failure.Script)
        {
            json.WriteStringValue(step.ToString());
        }

        json.WriteEndArray();
    }
}
