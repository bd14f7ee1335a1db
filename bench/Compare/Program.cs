using System.Globalization;
using System.Reflection;
using Mortise.Bench.Compare;

string root = typeof(Samples).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
    .Single(static metadata => metadata.Key == "RepositoryRoot").Value!;
Settings settings = Settings.Parse(args);
string scratch = Path.Combine(root, "artifacts", "bench");
Directory.CreateDirectory(scratch);
string documents = Path.Combine(root, "docs", "performance");
if (settings.Growth.Count > 0)
{
    var growth = new Growth();
    string earlier = Path.Combine(documents, "growth.json");
    if (settings.Write && File.Exists(earlier))
    {
        growth.Resume(File.ReadAllText(earlier));
    }

    foreach (long events in settings.Growth)
    {
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{events:N0} events"));
        growth.Measure(Subject.Mortise(root), events, scratch, settings);
    }

    Console.Write(growth.Table());
    Write("growth.json", growth.Json());
    Write("growth.svg", growth.Picture());
    return 0;
}

string workload = Workloads.Make(scratch, settings.Events);
var subjects = new List<Subject> { Subject.Mortise(root) };
subjects.AddRange(Rivals.Build(Path.Combine(root, "bench", "rivals"), scratch));

var samples = new Samples();
for (int round = 1; round <= settings.Rounds; round++)
{
    foreach (Subject subject in subjects)
    {
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"round {round} of {settings.Rounds}: {subject.Name}"));
        foreach ((string metric, double value) in subject.Measure(workload, scratch, settings))
        {
            samples.Add(subject.Name, metric, value);
        }
    }
}

var report = new Report(settings, Machine.Describe(), subjects.ConvertAll(static s => s.Name), samples);
Console.Write(report.Table());
Write("comparison.md", report.Document());
Write("comparison.json", report.Json());
Write("comparison.svg", report.Picture());
return report.AllAgree ? 0 : 1;

void Write(string name, string text)
{
    if (settings.Write)
    {
        Directory.CreateDirectory(documents);
        File.WriteAllText(Path.Combine(documents, name), text);
    }
}
