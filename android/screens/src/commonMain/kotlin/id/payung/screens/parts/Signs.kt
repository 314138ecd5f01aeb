package id.payung.screens.parts

import androidx.compose.foundation.layout.size
import androidx.compose.material3.Icon
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.StrokeJoin
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.graphics.vector.addPathNodes
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp

/** The signs, drawn in lines on 24 x 24. A sign never stands alone: words are beside it, or it has a name. */
object Signs {
    val Back = sign("M15 5l-7 7 7 7")
    val Next = sign("M9 5l7 7-7 7")
    val Plus = sign("M12 5v14M5 12h14")
    val Tick = sign("M4 13l5 5L20 6")
    val Cross = sign("M6 6l12 12M18 6L6 18")
    val Warn = sign("M12 4l9 16H3zM12 10v4M12 17v.5")
    val People = sign("M9 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M17 5a4 4 0 0 1 0 7M18 15c3 1 4 3 4 6")
    val House = sign("M4 20V9l8-6 8 6v11M10 20v-6h4v6")
    val Lines = sign("M4 7h16M4 12h16M4 17h16")
    val Umbrella = sign("M12 3a9 9 0 0 1 9 9c-1-1.3-2-2-3-2s-2 .7-3 2c-1-1.3-2-2-3-2s-2 .7-3 2c-1-1.3-2-2-3-2s-2 .7-3 2a9 9 0 0 1 9-9zM12 10v8a2 2 0 0 0 4 0")
    val Cloud = sign("M7 18a4 4 0 0 1 0-8 6 6 0 0 1 11.5 1.5A3.3 3.3 0 0 1 18 18z")
    val Returned = sign("M9 7l-5 5 5 5M4 12h11a5 5 0 0 1 5 5v1")
    val Search = sign("M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5")
    val Wifi = sign("M3 9a13 13 0 0 1 18 0M6 12.5a8.5 8.5 0 0 1 12 0M9 16a4.2 4.2 0 0 1 6 0M12 19v.5")
    val Card = sign("M3 6h18v12H3zM3 10h18M7 15h4")
    val Camera = sign("M4 8h4l2-3h4l2 3h4v11H4zM12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z")
    val Lock = sign("M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3")
    val Phone = sign("M7 3h10v18H7zM11 18h2")
    val Key = sign("M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 11h9M18 11v4")
    val Clock = sign("M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 3")
    val Book = sign("M5 4h6a2 2 0 0 1 2 2v14a2 2 0 0 0-2-2H5zM21 4h-6a2 2 0 0 0-2 2v14a2 2 0 0 1 2-2h6z")
    val Cross2 = sign("M9 3h6v6h6v6h-6v6H9v-6H3V9h6z")
    val Talk = sign("M4 5h16v11H9l-5 4z")
    val Print = sign("M7 9V4h10v5M5 9h14v7h-3M8 16H5M8 14h8v6H8z")
    val Pen = sign("M4 20l1-5L16 4l4 4L9 19z")
    val Bin = sign("M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13")
    val Gear = sign("M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1")
}

private fun sign(path: String): ImageVector =
    ImageVector
        .Builder(defaultWidth = 24.dp, defaultHeight = 24.dp, viewportWidth = 24f, viewportHeight = 24f)
        .addPath(
            pathData = addPathNodes(path),
            stroke = SolidColor(Color.Black),
            strokeLineWidth = 2.1f,
            strokeLineCap = StrokeCap.Round,
            strokeLineJoin = StrokeJoin.Round,
        ).build()

/** A sign beside words that say the same: nothing for a screen reader. */
@Composable
fun Sign(
    sign: ImageVector,
    colour: Color,
    modifier: Modifier = Modifier,
    size: Dp = 24.dp,
) = Icon(sign, contentDescription = null, tint = colour, modifier = modifier.size(size))
