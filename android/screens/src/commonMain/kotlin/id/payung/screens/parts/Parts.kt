package id.payung.screens.parts

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.RowScope
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.IconButton
import androidx.compose.material3.Icon
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.screens.theme.Look

/** What something says by its colour; a word and a sign always say it too. */
enum class Tone { WAITING, GOOD, ATTENTION, BAD, QUIET }

@Composable
private fun Tone.ground(): Color =
    with(LocalColours.current) {
        when (this@ground) {
            Tone.WAITING -> nilaTint
            Tone.GOOD -> daunTint
            Tone.ATTENTION -> kunyitTint
            Tone.BAD -> bataTint
            Tone.QUIET -> if (dark) line else Color(0xFFE9EDF3)
        }
    }

@Composable
fun Tone.ink(): Color =
    with(LocalColours.current) {
        when (this@ink) {
            Tone.WAITING -> nila
            Tone.GOOD -> daunText
            Tone.ATTENTION -> kunyitText
            Tone.BAD -> bataText
            Tone.QUIET -> ink
        }
    }

/** The one thing to do here: full width, 60 dp. */
@Composable
fun MainButton(
    words: String,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    sign: ImageVector? = null,
    enabled: Boolean = true,
    colour: Color = LocalColours.current.nila,
    onColour: Color = LocalColours.current.onNila,
) {
    Button(
        onClick = onClick,
        enabled = enabled,
        modifier = modifier.fillMaxWidth().heightIn(min = Look.button),
        shape = RoundedCornerShape(Look.corner),
        colors = ButtonDefaults.buttonColors(containerColor = colour, contentColor = onColour),
    ) {
        if (sign != null) {
            Sign(sign, onColour)
            Spacer(Modifier.width(10.dp))
        }
        Text(words, style = LocalLetters.current.button, textAlign = TextAlign.Center)
    }
}

/** Another thing that can be done: as large, and only outlined. */
@Composable
fun OtherButton(
    words: String,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    sign: ImageVector? = null,
    enabled: Boolean = true,
    fill: Boolean = true,
) {
    val colours = LocalColours.current
    OutlinedButton(
        onClick = onClick,
        enabled = enabled,
        modifier = (if (fill) modifier.fillMaxWidth() else modifier).heightIn(min = 52.dp),
        shape = RoundedCornerShape(Look.corner),
        border = BorderStroke(2.dp, if (enabled) colours.nila else colours.line),
        colors = ButtonDefaults.outlinedButtonColors(containerColor = colours.card, contentColor = colours.nila),
    ) {
        if (sign != null) {
            Sign(sign, if (enabled) colours.nila else colours.mute)
            Spacer(Modifier.width(8.dp))
        }
        Text(words, style = LocalLetters.current.button, textAlign = TextAlign.Center)
    }
}

/** A link: text of 48 dp. */
@Composable
fun LinkButton(
    words: String,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
) = TextButton(onClick, modifier.heightIn(min = Look.target), enabled = enabled) {
    Text(words, style = LocalLetters.current.body, color = if (enabled) LocalColours.current.nila else LocalColours.current.mute, textAlign = TextAlign.Center)
}

/** A white box with a border; `onClick` makes all of it a button. */
@Composable
fun Paper(
    modifier: Modifier = Modifier,
    tone: Tone? = null,
    onClick: (() -> Unit)? = null,
    padding: Int = 16,
    content: @Composable ColumnScope.() -> Unit,
) {
    val colours = LocalColours.current
    val shape = RoundedCornerShape(Look.corner)
    val border =
        when (tone) {
            Tone.ATTENTION -> colours.kunyit
            Tone.BAD -> colours.bata
            Tone.GOOD -> colours.daun
            else -> colours.line
        }
    var whole = modifier.fillMaxWidth().clip(shape).background(tone?.ground() ?: colours.card).border(1.dp, border, shape)
    if (onClick != null) whole = whole.clickable(role = Role.Button, onClick = onClick)
    Column(whole.padding(padding.dp), content = content)
}

/** Words on a tint: what is safe, what comes next. */
@Composable
fun Note(
    words: String,
    modifier: Modifier = Modifier,
    tone: Tone = Tone.WAITING,
    sign: ImageVector? = null,
) {
    Row(
        modifier.fillMaxWidth().clip(RoundedCornerShape(Look.corner)).background(tone.ground()).padding(14.dp),
        horizontalArrangement = Arrangement.spacedBy(10.dp),
    ) {
        if (sign != null) Sign(sign, tone.ink())
        Text(words, style = LocalLetters.current.body, color = if (tone == Tone.WAITING) LocalColours.current.ink else tone.ink())
    }
}

/** Something is wrong, said where it is and read out at once. */
@Composable
fun Wrong(
    words: String,
    modifier: Modifier = Modifier,
) {
    Row(modifier.padding(top = 6.dp).semantics { liveRegion = LiveRegionMode.Polite }, verticalAlignment = Alignment.Top) {
        Sign(Signs.Warn, LocalColours.current.bata, size = 20.dp)
        Spacer(Modifier.width(8.dp))
        Text(words, style = LocalLetters.current.body, color = LocalColours.current.bataText)
    }
}

/** A state in a few words: a sign and the words. */
@Composable
fun Chip(
    words: String,
    tone: Tone,
    modifier: Modifier = Modifier,
    sign: ImageVector? = null,
) {
    Row(
        modifier.clip(RoundedCornerShape(10.dp)).background(tone.ground()).padding(horizontal = 10.dp, vertical = 5.dp),
        verticalAlignment = Alignment.CenterVertically,
        horizontalArrangement = Arrangement.spacedBy(6.dp),
    ) {
        if (sign != null) Sign(sign, tone.ink(), size = 17.dp)
        Text(words, style = LocalLetters.current.small, color = tone.ink(), fontWeight = androidx.compose.ui.text.font.FontWeight.Medium)
    }
}

/** A choice among few: 48 dp to the finger. */
@Composable
fun Choice(
    words: String,
    chosen: Boolean,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
) {
    val colours = LocalColours.current
    Surface(
        selected = chosen,
        onClick = onClick,
        modifier = modifier.heightIn(min = Look.target),
        shape = RoundedCornerShape(12.dp),
        color = if (chosen) colours.nila else colours.nilaTint,
        contentColor = if (chosen) colours.onNila else colours.nila,
    ) {
        Row(Modifier.padding(horizontal = 14.dp, vertical = 10.dp), verticalAlignment = Alignment.CenterVertically) {
            if (chosen) {
                Sign(Signs.Tick, colours.onNila, size = 18.dp)
                Spacer(Modifier.width(6.dp))
            }
            Text(words, style = LocalLetters.current.body, color = if (chosen) colours.onNila else colours.nila)
        }
    }
}

/** The head of a screen: back, title, and what stands at its end. */
@Composable
fun TopBar(
    title: String,
    onBack: (() -> Unit)?,
    end: @Composable RowScope.() -> Unit = {},
) {
    // with large letters what stands at the end would break the title's words
    val under = largeLetters()
    Column(Modifier.fillMaxWidth().padding(start = if (onBack == null) Look.side else 4.dp, end = Look.side)) {
        Row(Modifier.fillMaxWidth().heightIn(min = 56.dp), verticalAlignment = Alignment.CenterVertically) {
            if (onBack != null) {
                IconButton(onBack, Modifier.size(Look.target)) {
                    Icon(Signs.Back, contentDescription = LocalWords.current.back, tint = LocalColours.current.ink)
                }
            }
            Text(title, Modifier.weight(1f).semantics { heading() }, style = LocalLetters.current.title)
            if (!under) end()
        }
        if (under) Row(Modifier.padding(start = if (onBack == null) 0.dp else Look.target), verticalAlignment = Alignment.CenterVertically, content = end)
    }
}

/** Whether things stand one under the other: two words side by side would break. */
@Composable
fun largeLetters(): Boolean = LocalDensity.current.fontScale >= LARGE

private const val LARGE = 1.5f

/** A whole screen: head, what scrolls, and what stays at the thumb. */
@Composable
fun Screen(
    title: String,
    onBack: (() -> Unit)?,
    modifier: Modifier = Modifier,
    end: @Composable RowScope.() -> Unit = {},
    foot: (@Composable ColumnScope.() -> Unit)? = null,
    content: @Composable ColumnScope.() -> Unit,
) {
    Column(modifier.fillMaxSize().background(LocalColours.current.ground).imePadding()) {
        TopBar(title, onBack, end)
        Column(
            Modifier.weight(1f).fillMaxWidth().verticalScroll(rememberScrollState()).padding(horizontal = Look.side),
            verticalArrangement = Arrangement.spacedBy(12.dp),
        ) {
            content()
            Spacer(Modifier.size(8.dp))
        }
        if (foot != null) {
            Column(
                Modifier.fillMaxWidth().padding(horizontal = Look.side, vertical = 10.dp),
                verticalArrangement = Arrangement.spacedBy(8.dp),
                content = foot,
            )
        }
    }
}

/** A line with what it is and how much. */
@Composable
fun Fact(
    label: String,
    value: String,
    modifier: Modifier = Modifier,
) {
    // side by side where there is room, one under the other with large letters
    FlowRow(modifier.fillMaxWidth().padding(vertical = 6.dp).semantics(mergeDescendants = true) {}, horizontalArrangement = Arrangement.SpaceBetween) {
        Text(label, Modifier.padding(end = 12.dp), style = LocalLetters.current.body)
        Text(value, style = LocalLetters.current.strong, textAlign = TextAlign.End)
    }
}

/** What it is above what is written: for longer texts. */
@Composable
fun Written(
    label: String,
    value: String,
    modifier: Modifier = Modifier,
) {
    Column(modifier.fillMaxWidth().padding(vertical = 5.dp).semantics(mergeDescendants = true) {}) {
        Text(label, style = LocalLetters.current.small, color = LocalColours.current.mute)
        Text(value, style = LocalLetters.current.body)
    }
}

/** Something that goes somewhere: title, a line beneath, an arrow. */
@Composable
fun Way(
    title: String,
    under: String?,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    tone: Tone? = null,
    sign: ImageVector? = null,
    end: @Composable RowScope.() -> Unit = {},
) {
    Paper(modifier, tone, onClick) {
        Row(verticalAlignment = Alignment.CenterVertically) {
            if (sign != null) {
                Sign(sign, LocalColours.current.nila)
                Spacer(Modifier.width(12.dp))
            }
            Column(Modifier.weight(1f)) {
                Row(verticalAlignment = Alignment.CenterVertically) {
                    Text(title, Modifier.weight(1f), style = LocalLetters.current.strong)
                    end()
                }
                if (under != null) Text(under, style = LocalLetters.current.small, color = if (tone == Tone.ATTENTION) Tone.ATTENTION.ink() else LocalColours.current.mute)
            }
            Spacer(Modifier.width(6.dp))
            Sign(Signs.Next, if (tone == Tone.ATTENTION) Tone.ATTENTION.ink() else LocalColours.current.mute)
        }
    }
}

/** A heading within a screen. */
@Composable
fun Heading(
    words: String,
    modifier: Modifier = Modifier,
) = Text(words, modifier.padding(top = 6.dp).semantics { heading() }, style = LocalLetters.current.strong)

/** Waiting, with the word for what. */
@Composable
fun Busy(
    words: String,
    modifier: Modifier = Modifier,
) {
    Row(modifier.padding(12.dp), verticalAlignment = Alignment.CenterVertically) {
        CircularProgressIndicator(Modifier.size(24.dp), color = LocalColours.current.nila, strokeWidth = 3.dp)
        Spacer(Modifier.width(12.dp))
        Text(words, style = LocalLetters.current.body)
    }
}

/** Nothing here: the dashed umbrella and what to do. */
@Composable
fun Empty(
    title: String,
    words: String,
    modifier: Modifier = Modifier,
) {
    Column(modifier.fillMaxWidth().padding(24.dp), horizontalAlignment = Alignment.CenterHorizontally) {
        Umbrella(panels(0, 0, 0), title, Modifier.width(150.dp))
        Spacer(Modifier.size(8.dp))
        Text(title, style = LocalLetters.current.strong, textAlign = TextAlign.Center)
        Text(words, style = LocalLetters.current.body, color = LocalColours.current.mute, textAlign = TextAlign.Center)
    }
}

/** A box of text beside a tick: the whole row is the target. */
@Composable
fun TickRow(
    words: String,
    ticked: Boolean,
    onTick: (Boolean) -> Unit,
    modifier: Modifier = Modifier,
) {
    val colours = LocalColours.current
    Row(
        modifier
            .fillMaxWidth()
            .heightIn(min = Look.target)
            .clip(RoundedCornerShape(12.dp))
            .selectableTick(ticked, onTick)
            .padding(8.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Box(
            Modifier
                .size(26.dp)
                .clip(RoundedCornerShape(6.dp))
                .background(if (ticked) colours.nila else colours.card)
                .border(2.dp, if (ticked) colours.nila else colours.edge, RoundedCornerShape(6.dp)),
            contentAlignment = Alignment.Center,
        ) {
            if (ticked) Sign(Signs.Tick, colours.onNila, size = 18.dp)
        }
        Spacer(Modifier.width(12.dp))
        Text(words, style = LocalLetters.current.body)
    }
}
