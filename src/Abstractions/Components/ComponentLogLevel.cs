namespace Mortise.Components;

/// <summary>How much a message matters.</summary>
public enum ComponentLogLevel
{
    /// <summary>For the component's author.</summary>
    Debug = 1,

    /// <summary>A rare normal event: opened, recovered, checkpointed.</summary>
    Information = 2,

    /// <summary>Something a person should look at.</summary>
    Warning = 3,

    /// <summary>Something failed.</summary>
    Error = 4,
}
