package id.payung.screens.app

/** What the phone or the window does for the screens. Each is small, and what is not there is null: the work goes on without. */
class Platform(
    val camera: Camera? = null,
    val codes: CodeReader? = null,
    val locator: Locator? = null,
    val sharing: Sharing? = null,
    val files: FilePicker? = null,
    val space: DiskSpace = DiskSpace { null },
    val network: Network = Network { NetworkKind.ANY },
    val brightness: Brightness = Brightness {},
    /** Told to the server. */
    val appVersion: String = "0.1.0",
)

/** Takes a photo; the bytes as the camera made them, the core makes them small. Null when nobody took one. */
fun interface Camera {
    suspend fun take(): ByteArray?
}

/** Reads a QR code, by camera or out of a picture. Null when nobody showed one. */
fun interface CodeReader {
    suspend fun read(): ReadCode?
}

/** What a reader found. */
sealed interface ReadCode {
    data class Text(val text: String) : ReadCode

    /** There was a picture and no code in it. */
    data object None : ReadCode

    /** The camera is not allowed. */
    data object Denied : ReadCode
}

/** Where the phone is, in millionths of degrees and metres; null where nobody knows or it is not allowed. */
fun interface Locator {
    suspend fun here(): Place?

    data class Place(val latE6: Int, val lonE6: Int, val accuracy: Int)
}

/** Hands a file to another app or the printer; answers where it went, where that can be said. */
fun interface Sharing {
    suspend fun share(
        name: String,
        type: String,
        content: ByteArray,
    ): String?
}

/** Lets the person choose a file; null when they did not. */
fun interface FilePicker {
    suspend fun choose(): ByteArray?
}

/** Free bytes on the disk, null where unknown. */
fun interface DiskSpace {
    fun free(): Long?
}

/** What kind of network there is. Whether our server is reached is another question, which the core asks. */
fun interface Network {
    fun kind(): NetworkKind
}

enum class NetworkKind { NONE, METERED, ANY }

/** Makes the screen bright while a code is shown. */
fun interface Brightness {
    fun full(on: Boolean)
}

/** Bytes below which no new registration is begun: what is typed now must still fit. */
const val LEAST_FREE = 20L * 1024 * 1024
