namespace Mortise.Nostr;

/// <summary>What happens to older versions of a replaceable or addressable event.</summary>
public enum SupersededVersions
{
    /// <summary>They are deleted when a newer one comes, and refused after it.</summary>
    Drop = 1,

    /// <summary>Every version is kept and served.</summary>
    KeepAll = 2,

    /// <summary>The newest <see cref="EventPolicyOptions.KeptVersions"/> of each address are kept and served, older
    /// ones are deleted, or refused when they come late.</summary>
    KeepSome = 3,
}
