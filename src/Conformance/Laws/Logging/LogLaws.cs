using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IWriteAheadLog"/>.</summary>
public static class LogLaws
{
    /// <summary>All of them.</summary>
    public static LawSuite<ComponentSubject<IWriteAheadLog>> Suite { get; } = Build();

    private static LawSuite<ComponentSubject<IWriteAheadLog>> Build()
    {
        LawSuite<ComponentSubject<IWriteAheadLog>> suite = new();
        CommonLaws.AddTo(suite.Group("common"), LawContract.Log, LogCommon.Probe);
        LogOrderLaws.AddTo(suite.Group("order"));
        LogCrashLaws.AddTo(suite.Group("crash"));
        LogFaultLaws.AddTo(suite.Group("faults"));
        LogDamageLaws.AddTo(suite.Group("damage"));
        LogDumpLaws.AddTo(suite.Group("dumps"));
        return suite;
    }

    internal static Law Must(string id, string text) => new() { Id = id, Contract = LawContract.Log, Text = text };
}
