@file:OptIn(ExperimentalTestApi::class)

package id.payung.screens

import androidx.compose.ui.geometry.Size
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.SkikoComposeUiTest
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasScrollAction
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.isEnabled
import androidx.compose.ui.test.onFirst
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextReplacement
import androidx.compose.ui.test.v2.runSkikoComposeUiTest
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.platform.Font
import androidx.compose.ui.unit.Density
import id.payung.client.CoreClient
import id.payung.core.Client
import id.payung.core.ClientConfig
import id.payung.core.FieldValue
import id.payung.core.LockState
import id.payung.core.softwareVault
import id.payung.screens.app.AppContainer
import id.payung.screens.app.Chosen
import id.payung.screens.app.PayungApp
import id.payung.screens.app.Platform
import id.payung.screens.app.Preferences
import java.io.File
import java.util.concurrent.TimeUnit

/** What `./dev test app` set up: a real server with an operator, invites, folders. */
fun env(name: String): String = checkNotNull(System.getenv(name)) { "$name is not set: run ./dev test app" }

/** As a phone has it. */
val Roboto: FontFamily by lazy {
    fun font(
        name: String,
        weight: FontWeight,
    ) = Font(name, checkNotNull(object {}.javaClass.getResourceAsStream("/fonts/$name.ttf")).readBytes(), weight)
    FontFamily(font("Roboto-Regular", FontWeight.Normal), font("Roboto-Medium", FontWeight.Medium), font("Roboto-Bold", FontWeight.Bold))
}

/** One act of the operator; what it prints. */
fun office(vararg words: String): String {
    val admin = listOf(env("PAYUNG_PROGRAM"), "admin", "--json", "--data", env("PAYUNG_DATA_FOLDER"), "--as", env("PAYUNG_OPERATOR"))
    val process = ProcessBuilder(admin + words).redirectErrorStream(true).start()
    val said = process.inputStream.bufferedReader().readText()
    check(process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0) { said }
    return said
}

/** Of an RT that no other test looks after. */
fun invite(
    name: String,
    rt: String,
): String = Regex("\"link\":\"([^\"]+)\"").find(office("invite", "--official", name, "--area", rt, "--server", env("PAYUNG_SERVER"), "--new"))!!.groupValues[1]

/** A busy machine is slow; what is there is seen at once. Milliseconds. */
const val PATIENCE = 40_000L

const val PIN = "640275"

/** A phone with a folder of its own; the same name again is the same phone, opened anew. */
fun phone(
    name: String,
    platform: Platform = Platform(),
    chosen: Chosen = Chosen(),
    idleSeconds: UInt = 3600u,
): AppContainer {
    val folder = File(env("PAYUNG_PHONES"), name)
    val client = Client(ClientConfig(folder.path, "0.1.0", "test", idleSeconds), softwareVault(folder.path + ".vault"))
    return AppContainer(CoreClient(client), platform, Preferences(chosen))
}

/** Joined, with a PIN, and open. */
fun joined(
    name: String,
    rt: String,
    platform: Platform = Platform(),
    chosen: Chosen = Chosen(),
): AppContainer {
    val container = phone(name, platform, chosen)
    val client = container.core.facade
    if (client.lockState() == LockState.FRESH) {
        client.setPin(PIN)
        client.join(invite("Petugas $name", rt), null)
        client.sync(true, null)
    } else {
        client.unlock(PIN)
    }
    return container
}

/** What an official types of an invented person. */
fun person(
    serial: Int,
    name: String,
): Map<String, FieldValue> {
    fun text(text: String) = FieldValue.Text(text)
    return mapOf(
        "nik" to text("330224150590$serial"),
        "name" to text(name),
        "birth.date" to text("1990-05-15"),
        "birth.place" to text("BANYUMAS"),
        "birth.sex" to text("male"),
        "mother_name" to text("SUPARTI KARANGAN"),
        "home.line" to text("Gang Melati 9"),
        "phone" to text("081200009001"),
        "occupations.first" to text("penderes_kelapa"),
        "income" to text("1500000"),
        "cover.months" to FieldValue.Whole(3),
        "heirs" to FieldValue.Items(listOf(FieldValue.Parts(mapOf("name" to text("TURAH KARANGAN"), "relation" to text("child"))))),
        "declaration.independent" to FieldValue.Flag(true),
        "declaration.healthy" to FieldValue.Flag(true),
        "consent.text_version" to text("2026-1"),
        "consent.language" to text("id"),
        "consent.read_by" to text("official"),
    )
}

/** Registers somebody without the screens; answers the worker. */
fun AppContainer.register(
    serial: Int,
    name: String,
    more: Map<String, FieldValue> = emptyMap(),
): String {
    val client = core.facade
    val form = client.openForm(null)
    client.typeFields(form.id, person(serial, name) + more)
    return client.register(form.id, null).ids.worker
}

/** A person in front of a phone of 360 x 800 dp. Counts touches and keys. */
class Person(private val test: SkikoComposeUiTest) {
    var touches = 0
        private set
    var keys = 0
        private set

    fun sees(
        words: String,
        seconds: Long = PATIENCE / 1000,
    ) {
        val matcher = hasText(words, substring = true) or hasContentDescription(words, substring = true)
        try {
            test.waitUntil(timeoutMillis = seconds * 1000) { test.onAllNodes(matcher).fetchSemanticsNodes().isNotEmpty() }
        } catch (gone: Throwable) {
            throw AssertionError("\"$words\" is not to be seen; there is:\n${seen().joinToString("\n")}", gone)
        }
    }

    fun seesNot(words: String) {
        test.waitUntil(timeoutMillis = PATIENCE) {
            test.onAllNodes(hasText(words, substring = true)).fetchSemanticsNodes().isEmpty()
        }
    }

    /** All texts on the screen, in order. */
    fun seen(): List<String> =
        test.onAllNodes(SemanticsMatcher("any") { true }, useUnmergedTree = true).fetchSemanticsNodes().flatMap { node ->
            node.config.filter { it.key.name == "Text" || it.key.name == "ContentDescription" || it.key.name == "EditableText" }.map { "${it.value}" }
        }

    /** Nobody touches what is still grey: it is waited for. */
    fun touch(words: String) {
        val matcher = (hasText(words, substring = false) or hasContentDescription(words)) and hasClickAction() and isEnabled()
        val wide = (hasText(words, substring = true) or hasContentDescription(words, substring = true)) and hasClickAction() and isEnabled()
        sees(words)
        test.waitUntil(timeoutMillis = PATIENCE) { test.onAllNodes(wide).fetchSemanticsNodes().isNotEmpty() }
        val exact = test.onAllNodes(matcher).fetchSemanticsNodes().isNotEmpty()
        val node = test.onAllNodes(if (exact) matcher else wide).onFirst()
        runCatching { node.performScrollTo() }
        node.performClick()
        touches++
        test.waitForIdle()
    }

    fun types(
        field: String,
        text: String,
    ) {
        val matcher = hasContentDescription(field) and hasSetTextAction()
        test.waitUntil(timeoutMillis = PATIENCE) { test.onAllNodes(matcher).fetchSemanticsNodes().isNotEmpty() }
        val node = test.onAllNodes(matcher).onFirst()
        runCatching { node.performScrollTo() }
        node.performTextReplacement(text)
        touches++
        keys += text.length
        test.waitForIdle()
    }

    fun pin(digits: String = PIN) = digits.forEach { touch(it.toString()) }
}

/** Shows a phone's app to a person. */
fun show(
    container: AppContainer,
    scale: Float = 1f,
    story: suspend Person.() -> Unit,
) = runSkikoComposeUiTest(size = Size(720f, 1600f), density = Density(2f, scale)) {
    setContent { PayungApp(container, Roboto) }
    Person(this).story()
    container.core.facade.lock()
}
