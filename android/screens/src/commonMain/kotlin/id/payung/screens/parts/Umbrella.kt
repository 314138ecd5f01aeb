package id.payung.screens.parts

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.Path
import androidx.compose.ui.graphics.PathEffect
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.graphics.drawscope.Stroke
import androidx.compose.ui.graphics.drawscope.scale
import androidx.compose.ui.graphics.drawscope.translate
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import id.payung.screens.theme.LocalColours
import kotlin.math.roundToInt

/** What a panel of the umbrella stands for. */
enum class Panel { COVERED, ON_THE_WAY, KNOWN }

private const val PANELS = 8

/**
 * Shares `PANELS` panels out to the people known here: covered first, then those on the way, then those who are known but not
 * enrolled. Nobody vanishes: whoever there is at all has at least one panel, taken from the largest.
 */
fun panels(
    covered: Long,
    onTheWay: Long,
    known: Long,
): List<Panel> {
    val counts = longArrayOf(covered.coerceAtLeast(0), onTheWay.coerceAtLeast(0), known.coerceAtLeast(0))
    val total = counts.sum()
    if (total == 0L) return List(PANELS) { Panel.KNOWN }
    val shares = IntArray(3) { (counts[it] * PANELS.toDouble() / total).roundToInt().coerceAtLeast(if (counts[it] > 0) 1 else 0) }
    while (shares.sum() > PANELS) shares[shares.indices.maxBy { shares[it] }]--
    while (shares.sum() < PANELS) shares[shares.indices.maxBy { counts[it] }]++
    return Panel.entries.flatMap { panel -> List(shares[panel.ordinal]) { panel } }
}

/** The umbrella: the chart of who is covered, the icon and the empty state. `said` is its one sentence for a screen reader. */
@Composable
fun Umbrella(
    panels: List<Panel>,
    said: String,
    modifier: Modifier = Modifier,
) {
    val colours = LocalColours.current
    Canvas(modifier.aspectRatio(300f / 176f).semantics { contentDescription = said }) {
        umbrella(panels, colours.daun, colours.nila, colours.edge, colours.ink)
    }
}

/** One plain umbrella, as in the icon. */
@Composable
fun UmbrellaMark(
    colour: Color,
    modifier: Modifier = Modifier,
) {
    Canvas(modifier.aspectRatio(300f / 176f)) {
        umbrella(List(PANELS) { Panel.COVERED }, colour, colour, colour, colour, gaps = false)
    }
}

private fun DrawScope.umbrella(
    panels: List<Panel>,
    covered: Color,
    onTheWay: Color,
    edge: Color,
    handle: Color,
    gaps: Boolean = true,
) {
    val unit = size.width / 300f
    scale(unit, unit, pivot = Offset.Zero) {
        translate(150f, 128f) {
            val step = 260f / panels.size
            panels.forEachIndexed { at, panel ->
                val path = panel(-130f + at * step, -130f + (at + 1) * step)
                when (panel) {
                    Panel.COVERED -> drawPath(path, covered)
                    Panel.ON_THE_WAY -> drawPath(path, onTheWay)
                    Panel.KNOWN ->
                        drawPath(path, edge, style = Stroke(2f, pathEffect = PathEffect.dashPathEffect(floatArrayOf(5f, 5f))))
                }
                if (gaps && panel != Panel.KNOWN) drawPath(path, Color.White.copy(alpha = 0.35f), style = Stroke(1.5f))
            }
            val stick =
                Path().apply {
                    moveTo(0f, 0f)
                    lineTo(0f, 30f)
                    cubicTo(0f, 44f, 20f, 44f, 20f, 30f)
                }
            drawPath(stick, handle, style = Stroke(6f, cap = StrokeCap.Round))
        }
    }
}

/** A gore from `left` to `right` at the rim, up to the tip. */
private fun panel(
    left: Float,
    right: Float,
): Path =
    Path().apply {
        moveTo(0f, -118f)
        cubicTo(left * 0.62f, -112f, left * 1.0f, -58f, left, 0f)
        val middle = (left + right) / 2
        quadraticTo(middle, -13f, right, 0f)
        cubicTo(right * 1.0f, -58f, right * 0.62f, -112f, 0f, -118f)
        close()
    }
