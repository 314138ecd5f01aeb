package id.payung.desktop

import com.google.zxing.BinaryBitmap
import com.google.zxing.DecodeHintType
import com.google.zxing.MultiFormatReader
import com.google.zxing.NotFoundException
import com.google.zxing.RGBLuminanceSource
import com.google.zxing.common.HybridBinarizer
import id.payung.client.CoreClient
import id.payung.core.Client
import id.payung.core.ClientConfig
import id.payung.core.softwareVault
import id.payung.screens.app.AppContainer
import id.payung.screens.app.Camera
import id.payung.screens.app.CodeReader
import id.payung.screens.app.DiskSpace
import id.payung.screens.app.FilePicker
import id.payung.screens.app.Platform
import id.payung.screens.app.Preferences
import id.payung.screens.app.ReadCode
import id.payung.screens.app.Sharing
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.awt.FileDialog
import java.awt.Frame
import java.io.File
import javax.imageio.ImageIO

/** A phone in a window: the parts that a phone has are files and dialogs here. */
fun container(
    phone: Phone,
    folder: File,
): AppContainer {
    val own = File(folder, phone.file())
    own.mkdirs()
    // the boot id tells one start of the machine from the next
    val boot = File("/proc/sys/kernel/random/boot_id").takeIf(File::canRead)?.readText()?.trim() ?: "window"
    val client = Client(ClientConfig(own.path, "0.1.0", boot, 300u), softwareVault(File(folder, "${phone.file()}.vault").path))
    val platform =
        Platform(
            camera = Camera { choose("Foto (JPEG, PNG)")?.readBytes() },
            codes = CodeReader { choose("Gambar dengan kode QR")?.let(::readCode) },
            sharing =
                Sharing { name, _, content ->
                    val file = File(own, name)
                    file.writeBytes(content)
                    if (java.awt.Desktop.isDesktopSupported()) runCatching { java.awt.Desktop.getDesktop().open(file) }
                    file.path
                },
            files = FilePicker { choose("Daftar (CSV)")?.readBytes() },
            space = DiskSpace { own.usableSpace },
        )
    return AppContainer(CoreClient(client), platform, Preferences(), phone.invite)
}

private suspend fun choose(title: String): File? =
    withContext(Dispatchers.IO) {
        val dialog = FileDialog(null as Frame?, title, FileDialog.LOAD)
        dialog.isVisible = true
        dialog.file?.let { File(dialog.directory, it) }
    }

/** The text of a QR code in a picture. */
fun readCode(file: File): ReadCode {
    val image = ImageIO.read(file) ?: return ReadCode.None
    val pixels = image.getRGB(0, 0, image.width, image.height, null, 0, image.width)
    val bitmap = BinaryBitmap(HybridBinarizer(RGBLuminanceSource(image.width, image.height, pixels)))
    return try {
        ReadCode.Text(MultiFormatReader().decode(bitmap, mapOf(DecodeHintType.TRY_HARDER to true)).text)
    } catch (_: NotFoundException) {
        ReadCode.None
    }
}
