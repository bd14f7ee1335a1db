namespace Mortise.BTreeIndex;

/// <summary>Where in the file a run's pages go.</summary>
internal enum RunPlacement
{
    /// <summary>Into free extents as they come.</summary>
    Pieces,

    /// <summary>The leaves in one piece, into the first free extent that holds them.</summary>
    FirstFit,

    /// <summary>The leaves in one piece, and everything else, behind all pages in use.</summary>
    End,
}
