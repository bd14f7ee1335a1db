using Mortise.Components;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>What can be broken in any component from below or around.</summary>
internal static class CommonMutants
{
    public static IEnumerable<Mutant> Of<T>(
        LawContract contract, LawSuite<ComponentSubject<T>> suite, ComponentSubject<T> sound)
        where T : class, IStorageComponent =>
        from broken in (IEnumerable<(string Law, string What, ComponentSubject<T> Subject)>)
        [
            ("C6", "errors of its own type", Breakages.ReadErrorsOfItsOwn(sound)),
            ("C9", "leaks file handles", Breakages.LeaksHandles(sound)),
            ("C9", "leaves a timer running", Breakages.LeavesTimer(sound)),
            ("C10", "writes at every open", Breakages.WritesAtOpen(sound)),
            ("C14", "leaves a thread running", Breakages.LeavesThread(sound)),
            ("C16", "rents an array for each read and keeps it", Breakages.LeaksRented(sound)),
            ("C16", "gives an array back twice when a read fails", Breakages.ReturnsTwice(sound)),
            ("C17", "finds its files in a static table", Breakages.SharesFiles(sound)),
            ("C18", "signals its work before that has what it works on", Breakages.SignalsTooEarly(sound)),
        ]
        select Mutant.Of(contract, suite, broken.Law, broken.What, broken.Subject);
}
