using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Runtime.InteropServices;
using System.Text.Json;
using Mortise.Caching;
using Mortise.Plugins;

namespace Mortise.Fixtures.Leaky;

/// <summary>A way to cling to the process after unload.</summary>
public enum Pin
{
    Nothing = 1,
    Json = 2,
    Validator = 3,
    TypeDescriptor = 4,
    ProcessExit = 5,
    Timer = 6,
    AsyncLocal = 7,
    GcHandle = 8,
    Thread = 9,
    HostObject = 10,
}

public sealed class LeakyOptions
{
    public Pin Pin { get; set; } = Pin.Nothing;
}

/// <summary>A plugin that clings to the process as its options say.</summary>
public sealed class LeakyPlugin : IPlugin
{
    private static readonly AsyncLocal<Held?> s_local = new();
    private static readonly ManualResetEventSlim s_never = new();
    private static Timer? s_timer;

    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddCachePolicy<LeakyOptions>(
            new ComponentDescriptor { Id = "mortise.leaky.policy", Summary = "clings" },
            static (options, capacity, _) =>
            {
                Cling(options.Pin);
                return new Policy(capacity);
            });
        registrar.AddPartitionScheme<ThrowingOptions>(
            new ComponentDescriptor { Id = "mortise.leaky.throwing", Summary = "throws when it locates" },
            static options => new ThrowingScheme(options));
    }

    private static void Cling(Pin pin)
    {
        var held = new Held { Name = "held" };
        switch (pin)
        {
            case Pin.Json:
                JsonSerializer.Serialize(held);
                break;
            case Pin.Validator:
                Validator.TryValidateObject(held, new ValidationContext(held), null, validateAllProperties: true);
                break;
            case Pin.TypeDescriptor:
                TypeDescriptor.GetProperties(held);
                break;
            case Pin.ProcessExit:
                AppDomain.CurrentDomain.ProcessExit += held.OnExit;
                break;
            case Pin.Timer:
                s_timer = new Timer(held.OnTick, null, TimeSpan.FromDays(1), TimeSpan.FromDays(1));
                break;
            case Pin.AsyncLocal:
                s_local.Value = held;
                break;
            case Pin.GcHandle:
                GCHandle.Alloc(held);
                break;
            case Pin.Thread:
                new Thread(static () => s_never.Wait()) { IsBackground = true }.Start();
                break;
            default:
                break;
        }
    }

    private sealed class Held
    {
        [Required]
        public string Name { get; set; } = "";

        public void OnExit(object? sender, EventArgs e) => Name = "exit";

        public void OnTick(object? state) => Name = "tick";
    }

    private sealed class Policy(long capacity) : ICachePolicy
    {
        public string Name => "leaky";

        public long CapacityBytes => capacity;

        public long WeightBytes => 0;

        public int Count => 0;

        public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
        }

        public void Touch(ReadOnlySpan<CacheSlot> slots)
        {
        }

        public void Remove(CacheSlot slot)
        {
        }

        public void SetPinned(CacheSlot slot, bool pinned)
        {
        }

        public bool TryEvict(out CacheSlot victim)
        {
            victim = default;
            return false;
        }

        public void Resize(long capacityBytes)
        {
        }
    }
}
