namespace Mortise.Components;

/// <summary>What a background step answers.</summary>
public enum StepResult
{
    /// <summary>Nothing left to do until signalled again.</summary>
    Idle = 1,

    /// <summary>Call again.</summary>
    More = 2,
}
