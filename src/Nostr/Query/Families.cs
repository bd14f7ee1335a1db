using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>Finds families by what their keys mean.</summary>
internal static class Families
{
    /// <summary>The first family of the stack with that projection, or null.</summary>
    public static FamilyView? WithProjection(StoreView view, string projection)
    {
        IReadOnlyList<FamilyView> families = view.Families;
        for (int i = 0; i < families.Count; i++)
        {
            if (families[i].Projection.Name == projection)
            {
                return families[i];
            }
        }

        return null;
    }
}
