using System.Globalization;
using System.Reflection;
using Mortise.Bench.Compare;

string root = typeof(Samples).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
    .Single(static metadata => metadata.Key == "RepositoryRoot").Value!;
Settings settings = Settings.Parse(args);
string scratch = Path.Combine(root, "artifacts", "bench");
Directory.CreateDirectory(scratch);
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
if (settings.Write)
{
    string folder = Path.Combine(root, "docs", "performance");
    Directory.CreateDirectory(folder);
    File.WriteAllText(Path.Combine(folder, "comparison.md"), report.Document());
    File.WriteAllText(Path.Combine(folder, "comparison.json"), report.Json());
    File.WriteAllText(Path.Combine(folder, "comparison.svg"), report.Picture());
}

return report.AllAgree ? 0 : 1;
