"""A guest's whole life and all that is asked of it, by libvirt's Python module."""
from xml.etree import ElementTree

import libvirt
import libvirt_qemu
from telling import DIRECTORY, READ_ONLY_URI, URI, asked, definition, tell, wait_until

connection = libvirt.open(URI)

# The host.
asked("library", lambda: connection.getLibVersion())
asked("version", lambda: connection.getVersion())
asked("type", lambda: connection.getType())
asked("hostname", lambda: connection.getHostname())
asked("uri", lambda: connection.getURI())
asked("alive", lambda: [connection.isAlive(), connection.isSecure(), connection.isEncrypted()])
asked("capabilities", lambda: connection.getCapabilities())
asked("domain capabilities", lambda:
      connection.getDomainCapabilities(None, "x86_64", "q35", "qemu"))
asked("node info", lambda: connection.getInfo())
asked("node cpu map", lambda: connection.getCPUMap())
asked("node cpu stats", lambda: connection.getCPUStats(-1))
asked("node memory stats", lambda: connection.getMemoryStats(-1))
asked("free memory", lambda: connection.getFreeMemory())
asked("cpu models", lambda: connection.getCPUModelNames("x86_64"))
asked("max vcpus", lambda: connection.getMaxVcpus("qemu"))
asked("security model", lambda: connection.getSecurityModel())
asked("sysinfo", lambda: connection.getSysinfo())

# What is defined, and found again.
web = connection.defineXML(definition("web"))
asked("defined", lambda: [d.name() for d in connection.listAllDomains()])
asked("found", lambda: [
    connection.lookupByName("web").UUIDString(),
    connection.lookupByUUIDString(web.UUIDString()).name(),
    connection.lookupByUUID(web.UUID()).name()])
asked("not found", lambda: connection.lookupByName("nobody"))
asked("old lists", lambda: [connection.listDefinedDomains(), connection.listDomainsID(),
                            connection.numOfDefinedDomains(), connection.numOfDomains()])
asked("state at first", lambda: web.state())
asked("flags at first", lambda: [web.isActive(), web.isPersistent(), web.isUpdated(), web.ID()])
asked("autostart", lambda: [
    web.autostart(), web.setAutostart(1), web.autostart(), web.setAutostart(0)])

# It runs.
asked("start", lambda: web.create())
asked("state when started", lambda: web.state())
asked("started again", lambda: web.create())
asked("id", lambda: [web.ID(), connection.lookupByID(web.ID()).name()])
asked("info", lambda: web.info())
asked("control", lambda: web.controlInfo())
asked("os type", lambda: web.OSType())
asked("limits", lambda: [web.maxMemory(), web.maxVcpus()])
asked("xml", lambda: web.XMLDesc())
asked("inactive xml", lambda: web.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
asked("secure xml", lambda: web.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
asked("block stats", lambda: web.blockStats("vda"))
asked("block stats by name", lambda: web.blockStatsFlags("vda"))
asked("block info", lambda: web.blockInfo("vda"))
asked("interface stats", lambda: web.interfaceStats("52:54:00:00:00:01"))

def tap_stats():
    """Of the card that is a tap of the host's, by the name that the tap was given."""
    for target in ElementTree.fromstring(web.XMLDesc()).iterfind(
            "devices/interface[@type='ethernet']/target"):
        return web.interfaceStats(target.get("dev"))
    return None


asked("interface stats of a tap", tap_stats)
asked("memory stats", lambda: web.memoryStats())
asked("vcpus", lambda: web.vcpus())
asked("vcpu counts", lambda: [web.vcpusFlags(libvirt.VIR_DOMAIN_VCPU_MAXIMUM), web.vcpusFlags(0)])
asked("cpu stats", lambda: web.getCPUStats(True))
asked("all stats", lambda: [[d.name(), sorted(s)] for d, s in connection.getAllDomainStats()])
asked("job", lambda: [web.jobInfo()[0], web.jobStats().get("type")])
asked("other reads", lambda: [
    web.schedulerType(), web.hasManagedSaveImage(), web.snapshotNum(), web.messages()])

# It is stopped, goes on, boots again.
asked("suspend", lambda: [web.suspend(), web.state()])
asked("resume", lambda: [web.resume(), web.state()])
asked("reset", lambda: [web.reset(), web.state()])
asked("reboot", lambda: web.reboot(libvirt.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN))
asked("keys", lambda: web.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 50, [28, 57], 2))
asked("nmi", lambda: web.injectNMI())


def screenshot():
    stream = connection.newStream()
    kind = web.screenshot(stream, 0)
    parts = []
    stream.recvAll(lambda _, data, parts: parts.append(data), parts)
    stream.finish()
    picture = b"".join(parts)
    return [kind, len(picture), picture[:8].hex()]


asked("screenshot", screenshot)
asked("monitor", lambda: libvirt_qemu.qemuMonitorCommand(
    web, '{"execute":"query-status"}', libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_DEFAULT))
asked("monitor in words", lambda: libvirt_qemu.qemuMonitorCommand(
    web, "info version", libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP))

# What is changed.
asked("memory", lambda: [web.setMemory(24 * 1024), web.info()[1]])
asked("memory of the next start", lambda: [
    web.setMemoryFlags(16 * 1024, libvirt.VIR_DOMAIN_AFFECT_CONFIG),
    "<currentMemory unit='KiB'>16384" in web.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)])
NOTES = "http://example.org/notes"
asked("metadata", lambda: [
    web.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "The shop", None, None),
    web.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None),
    web.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "<n/>", "n", NOTES,
                    libvirt.VIR_DOMAIN_AFFECT_CONFIG),
    web.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NOTES, libvirt.VIR_DOMAIN_AFFECT_CONFIG)])
asked("metadata that is not there",
      lambda: web.metadata(libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, None))
asked("rename while it runs", lambda: web.rename("shop"))

# Who may only read.
reader = libvirt.openReadOnly(READ_ONLY_URI)
read = reader.lookupByName("web")
asked("read only", lambda: [read.state(), read.XMLDesc() == web.XMLDesc()])
asked("read only secure", lambda: read.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
asked("read only destroy", lambda: read.destroy())
reader.close()


# It ends.
def serial():
    with open(f"{DIRECTORY}/web.serial", encoding="latin1") as file:
        return file.read()


wait_until("the guest to be up", lambda: serial().rstrip().rsplit("\n", 1)[-1].startswith("tick"))
asked("shutdown", lambda: web.shutdown())
wait_until("the guest to be off", lambda: not web.isActive())
asked("state after shutdown", lambda: web.state())
asked("start paused", lambda: [web.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED), web.state()])
asked("destroy", lambda: [web.destroy(), web.state()])
asked("not running", lambda: web.suspend())
asked("rename", lambda: [web.rename("shop"), web.name(),
                         [d.name() for d in connection.listAllDomains()]])
asked("undefine", lambda: [web.undefine(), connection.listAllDomains()])
asked("gone", lambda: web.info())
tell("closed", connection.close())
