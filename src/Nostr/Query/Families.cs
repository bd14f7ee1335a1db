using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>Finds families by what their keys mean.</summary>
internal static class Families
{
    /// <summary>The first family of the stack with that projection, or null.</summary>
    public static FamilyView? WithProjection(StoreView view, string projection) =>
        WithProjection(view.Families, projection);

    /// <inheritdoc cref="WithProjection(StoreView, string)"/>
    public static FamilyView? WithProjection(IReadOnlyList<FamilyView> families, string projection)
    {
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
