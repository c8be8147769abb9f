/** A robust CLIP in LangChain4j. */
@NullMarked
package dev.fare.langchain4j;

import org.jspecify.annotations.NullMarked;
