package io.github.freqreg.interop.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Source files are joined, and their definitions keep apart. */
class ScriptBundleTest {

    private static ScriptBundle bundle(String... modulesAndTexts) {
        Map<String, String> files = new LinkedHashMap<>();
        for (int i = 0; i < modulesAndTexts.length; i += 2) {
            files.put(modulesAndTexts[i], modulesAndTexts[i + 1]);
        }
        return ScriptBundle.of(files).orElseThrow();
    }

    @Test
    void definitionsOfTheSameNameGetDifferentNames() throws MalformedModelException {
        ScriptBundle bundle =
                bundle(
                        "__torch__",
                        """
                        class Net(Module):
                          a : __torch__.nn.Linear
                          b : __torch__.nn.___torch_mangle_0.Linear
                          def forward(self: __torch__.Net,
                            x: Tensor) -> Tensor:
                            _0 = __torch__.nn.relu
                            _1 = "__torch__.nn.Linear \\"of __torch__.nn.relu"
                            return _0((self.b).forward((self.a).forward(x, ), ), )
                        """,
                        "__torch__.nn",
                        """
                        class Linear(Module):
                          w : Tensor
                        def relu(x: Tensor) -> Tensor:
                          return torch.relu(x)
                        """,
                        "__torch__.nn.___torch_mangle_0",
                        """
                        class Linear(Module):
                          w : Tensor
                        """);
        assertEquals(
                """
                class Net(Module):
                  a : __torch__.Linear
                  b : __torch__.Linear_1
                  def forward(self: __torch__.Net,
                    x: Tensor) -> Tensor:
                    _0 = __torch__.relu
                    _1 = "__torch__.nn.Linear \\"of __torch__.nn.relu"
                    return _0((self.b).forward((self.a).forward(x, ), ), )
                class Linear(Module):
                  w : Tensor
                def relu(x: Tensor) -> Tensor:
                  return torch.relu(x)
                class Linear_1(Module):
                  w : Tensor
                """,
                bundle.source());
        assertEquals(Optional.of("Linear_1"), bundle.name("__torch__.nn.___torch_mangle_0.Linear"));
        assertEquals(Optional.empty(), bundle.name("__torch__.nn.Conv2d"));
    }

    @Test
    void partsOfDefinitionsAndForeignNamesStay() {
        assertEquals(
                """
                class Color(Enum):
                  RED : Final[int] = 1
                def own(x: __torch__.torch.classes.quantized.Packed) -> __torch__.Color:
                  return __torch__.Color.RED
                """,
                bundle(
                                "__torch__.colors",
                                """
                                class Color(Enum):
                                  RED : Final[int] = 1
                                """,
                                "__torch__",
                                """
                                def own(x: __torch__.torch.classes.quantized.Packed) -> __torch__.colors.Color:
                                  return __torch__.colors.Color.RED
                                """)
                        .source());
    }

    /** The module torch and its functions have that name themselves. */
    @Test
    void torchIsNoFreeName() {
        assertEquals(
                Optional.of("torch_1"),
                bundle("__torch__.a", "class torch(Module):\n").name("__torch__.a.torch"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "op_version_set = 1\n",
                "import torch\nclass A:\n",
                "\"text\"\n",
                "classes\n"
            })
    void otherStatementsAreNotJoined(String text) {
        assertEquals(Optional.empty(), ScriptBundle.of(Map.of("__torch__", text)));
    }

    @Test
    void longStringsAreNoTrouble() {
        String text = "def own(x: str=\"" + "a\\n".repeat(200_000) + "\") -> str:\n  return x\n";
        assertTrue(bundle("__torch__.a", text).source().endsWith("return x\n"));
    }
}
